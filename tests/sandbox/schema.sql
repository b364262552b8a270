-- The part of the Flight Search schema that the runbooks look at.
CREATE TABLE airports (code char(3) PRIMARY KEY, city text NOT NULL);
INSERT INTO airports VALUES ('FRA', 'Frankfurt'), ('JFK', 'New York'), ('HND', 'Tokyo'), ('LIS', 'Lisbon');

CREATE TABLE flights (
    id serial PRIMARY KEY,
    origin char(3) NOT NULL REFERENCES airports,
    destination char(3) NOT NULL REFERENCES airports,
    departs timestamptz NOT NULL,
    price numeric(8, 2) NOT NULL
);
CREATE INDEX flights_route ON flights (origin, destination);
INSERT INTO flights (origin, destination, departs, price)
SELECT a.code, b.code, timestamptz '2024-01-01' + n * interval '7 hours', 90 + n % 400
FROM airports a, airports b, generate_series(1, 40) n WHERE a.code <> b.code;

CREATE TABLE bookings (id serial PRIMARY KEY, flight int NOT NULL REFERENCES flights, passenger text NOT NULL);
INSERT INTO bookings (flight, passenger) SELECT n, 'passenger ' || n FROM generate_series(1, 100) n;
ANALYZE airports, flights, bookings;
