"""Where contracts come from: imported code, code read as syntax, AsyncAPI files, git revisions."""
