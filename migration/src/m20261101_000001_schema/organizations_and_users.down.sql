DROP TABLE users, organizations;
