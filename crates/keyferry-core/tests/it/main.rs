//! What holds for any input, tried from the outside.

#[cfg(test)]
mod fuzz;
