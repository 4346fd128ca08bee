-- Made again, it knows what the manifests say.
drop table archive_rewrap_encryptions;
