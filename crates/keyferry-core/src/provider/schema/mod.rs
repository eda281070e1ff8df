//! The JSON Schema of the provider file, for editors: completion, a line of help on each key, and mistakes underlined while one
//! types. It is made from one table of keys; tests hold it against the parser, which has the last word.
//!
//! The schema is never stricter than the parser, and knows less: what only the file as a whole shows, `provider check` finds.

mod json;
mod keys;

pub use json::schema;

/// One table of the file.
#[derive(Debug)]
struct TableKeys {
    keys: &'static [Key],
    /// Sets of keys of which a table has exactly one, beside those that are required. Empty where there is no such choice.
    one_of: &'static [&'static [&'static str]],
}

/// One key of a table.
#[derive(Debug)]
struct Key {
    name: &'static str,
    kind: Kind,
    required: bool,
    /// What it means when it is left out, in TOML; empty where nothing does.
    default: &'static str,
    /// A value that fits, in TOML. Empty for tables, whose examples are those of their keys.
    example: &'static str,
    about: &'static str,
}

/// What a value is.
#[derive(Debug)]
enum Kind {
    /// A text that matches a regular expression, where there is one.
    Text(Option<&'static str>),
    /// One of a few words.
    Words(&'static [&'static str]),
    /// The name of an implementation.
    Implementation,
    /// True or false.
    Flag,
    /// A number of seconds, or a duration such as `"5m"`.
    Duration,
    /// A text, a whole number, true or false, or a list of them.
    Scalar,
    /// A list of texts, each of which matches a regular expression, where there is one.
    Texts(Option<&'static str>),
    /// A text, or a list of them, each of which matches a regular expression.
    TextOrTexts(&'static str),
    /// Texts by name.
    Pairs(Names, Option<&'static str>),
    /// Anything that JSON has, but null.
    Json,
    /// A table of anything that JSON has, but null.
    JsonTable,
    /// A table.
    Table(&'static TableKeys),
    /// Tables by name.
    Named(&'static TableKeys),
    /// A list of tables.
    Tables(&'static TableKeys),
}

/// The names of [`Kind::Pairs`].
#[derive(Debug, Clone, Copy)]
enum Names {
    /// Any.
    Any,
    /// Those that match a regular expression.
    Like(&'static str),
    /// Those that are listed.
    Listed(&'static [&'static str]),
}

#[cfg(test)]
mod tests;
