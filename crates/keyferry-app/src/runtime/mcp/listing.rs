//! `tools/list`, page by page (MCP, "Pagination").

use rmcp::{
    RoleClient, ServiceError,
    model::{PaginatedRequestParams, Tool},
    service::Peer,
};

/// A server with more pages than this does not mean to end.
const MOST_PAGES: usize = 256;

pub(super) enum ListingError {
    TooMany(usize),
    Service(ServiceError),
}

/// All pages as one list, in order. Bounded in tools and in pages.
pub(super) async fn all_tools(peer: &Peer<RoleClient>, limit: usize) -> Result<Vec<Tool>, ListingError> {
    let mut tools = Vec::new();
    let mut cursor = None;
    for _ in 0..MOST_PAGES {
        let params = PaginatedRequestParams::default().with_cursor(cursor);
        let page = peer.list_tools(Some(params)).await.map_err(ListingError::Service)?;
        tools.extend(page.tools);
        if tools.len() > limit {
            return Err(ListingError::TooMany(limit));
        }
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(tools);
        }
    }
    Err(ListingError::TooMany(limit))
}
