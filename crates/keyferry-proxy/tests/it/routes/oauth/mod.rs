mod callback;
mod providers;
mod revoke;
mod token;
