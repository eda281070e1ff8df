//! The transport of a session, tapped: what a server tells is taken out here, where it is still in order.
//!
//! The MCP library hands every message to a task of its own, so that a report of progress may come after the answer it precedes.

use keyferry_core::id::ServerName;
use rmcp::{
    RoleClient,
    model::{GetExtensions as _, GetMeta as _, JsonRpcMessage, ServerNotification},
    service::{RxJsonRpcMessage, TxJsonRpcMessage},
    transport::Transport,
};

use super::{Switchboard, caller::Tag};

pub(super) struct Tap<T> {
    pub(super) inner: T,
    pub(super) server: ServerName,
    pub(super) session: u64,
    pub(super) switchboard: Switchboard,
}

impl<T: Transport<RoleClient>> Transport<RoleClient> for Tap<T> {
    type Error = T::Error;

    fn send(
        &mut self,
        item: TxJsonRpcMessage<RoleClient>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        if let JsonRpcMessage::Request(request) = &item
            && let Some(tag) = request.request.extensions().get::<Tag>()
            && let Some(token) = request.request.get_meta().get_progress_token()
        {
            self.switchboard.tokened(&self.server, *tag, token);
        }
        self.inner.send(item)
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleClient>> {
        let message = self.inner.receive().await;
        if let Some(JsonRpcMessage::Notification(told)) = &message
            && !matches!(told.notification, ServerNotification::CancelledNotification(_))
        {
            self.switchboard.told(&self.server, self.session, told.notification.clone());
        }
        message
    }

    fn close(&mut self) -> impl Future<Output = Result<(), Self::Error>> + Send {
        self.inner.close()
    }
}
