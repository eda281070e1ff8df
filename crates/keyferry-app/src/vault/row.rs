//! Columns to values and back.

use jiff::Timestamp;
use rusqlite::Row;

use super::VaultError;

/// A moment as it is kept: milliseconds since 1970.
pub(super) fn moment(moment: Timestamp) -> i64 {
    moment.as_millisecond()
}

/// A kept moment.
pub(super) fn read_moment(row: &Row<'_>, column: &'static str) -> Result<Timestamp, VaultError> {
    optional_moment(row, column)?.ok_or_else(|| VaultError::Damaged(column.to_owned()))
}

/// A kept moment that may be absent.
pub(super) fn optional_moment(row: &Row<'_>, column: &'static str) -> Result<Option<Timestamp>, VaultError> {
    let kept: Option<i64> = row.get(column)?;
    kept.map(Timestamp::from_millisecond).transpose().map_err(|_| VaultError::Damaged(column.to_owned()))
}

/// A text that is parsed into a type of its own.
pub(super) fn parsed<T: std::str::FromStr>(row: &Row<'_>, column: &'static str) -> Result<T, VaultError> {
    let text: String = row.get(column)?;
    text.parse().map_err(|_| VaultError::Damaged(column.to_owned()))
}

/// The number that is part of what seals a row's values.
pub(super) fn read_generation(row: &Row<'_>) -> Result<u64, VaultError> {
    let kept: i64 = row.get("generation")?;
    u64::try_from(kept).map_err(|_| VaultError::Damaged("generation".to_owned()))
}
