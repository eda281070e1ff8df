//! `POST /api/v1/page-links`.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A link that opens the pages.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PageLink {
    /// Its address: good once, for five minutes. Whoever opens it may do what the person may.
    pub url: String,
}

impl fmt::Debug for PageLink {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("PageLink")
    }
}
