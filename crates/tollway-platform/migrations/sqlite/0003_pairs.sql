-- A live connection and the test credentials that its refresh token gave: the test half names the live one.

ALTER TABLE connections ADD COLUMN pair_of TEXT REFERENCES connections (id);
CREATE INDEX connections_by_pair ON connections (pair_of) WHERE pair_of IS NOT NULL;
