mod providers;
mod revoke;
mod token;
