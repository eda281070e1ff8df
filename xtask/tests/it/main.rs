//! What has to hold for the workspace as a whole, read from `cargo metadata`.

#[cfg(test)]
mod dependencies;
#[cfg(test)]
mod dependency_table;
#[cfg(test)]
mod documents;
#[cfg(test)]
mod workspace;
