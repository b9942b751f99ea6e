-- Each service owns a database, and looks into no other.
CREATE DATABASE order_service;
CREATE DATABASE payment_service;
CREATE DATABASE product_service;
