"""May this service be deployed? The landscape of one service as it is in the sources, amid all others as deployed."""

from __future__ import annotations

from difflib import get_close_matches

from eventkit.contract.errors import ConfigurationError
from eventkit.discovery.landscape import Landscape


def amid_deployed(landscape: Landscape, snapshot: Landscape, service: str | None) -> Landscape:
    """Return the landscape that deploying a service makes.

    Args:
        landscape: What the sources say. Its neighbours take part where the snapshot does not know them.
        snapshot: What is deployed; the service may be among it or not.
        service: The service; None is enough where the sources hold one only.

    Returns:
        The service as the only one that is checked, and everything else as its neighbours.

    Raises:
        ConfigurationError: The sources do not hold the service, or several and none was named.
    """
    contracts = {contract.service: contract for contract in landscape.services}
    name = next(iter(contracts), None) if service is None and len(contracts) == 1 else service
    if name not in contracts:
        raise _unknown(name, landscape)
    deployed = [contract for contract in snapshot.contracts if contract.service != name]
    known = {contract.service for contract in snapshot.contracts}
    deployed += (contract for contract in landscape.neighbours if contract.service not in known)
    return Landscape(
        services=(contracts[name],),
        neighbours=tuple(sorted(deployed, key=lambda contract: contract.service)),
        problems=landscape.problems,
        retained=landscape.retained,
    )


def _unknown(name: str | None, landscape: Landscape) -> ConfigurationError:
    names = [contract.service for contract in landscape.services]
    if name is None:
        what = "it is not said which service is to be deployed"
    elif any(contract.service == name for contract in landscape.neighbours):
        what = f"{name} is a neighbour: there is no source of it, so it is not deployed from here"
    else:
        what = f"no source holds a service {name!r}"
    if not names:
        first = landscape.problems[0].message if landscape.problems else "they hold no service"
        return ConfigurationError(what, mend=f"mend the sources: {first}")
    similar = get_close_matches(name, names, n=1) if name else []
    guess = f"did you mean {similar[0]!r}? " if similar else ""
    unread = f"; not all sources could be read: {landscape.problems[0].message}" if landscape.problems else ""
    return ConfigurationError(what, mend=f"{guess}use --service with one of: {', '.join(names)}{unread}")
