-- What these keys signed can still be checked with the public keys beside the archives; a new key signs from then on.
drop table archive_signing_keys;
