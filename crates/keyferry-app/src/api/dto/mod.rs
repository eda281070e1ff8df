//! What the local API says and hears, as plain structs.
//!
//! They are the API's own form: nothing here is stored, and nothing stored is sent. The command line and the
//! app share them, so a field is written and read by the same definition. No field ever carries a secret:
//! tokens have no place in the API at all.

mod catalog;
mod catalog_source;
mod client;
mod connection;
mod diagnostics;
mod event;
mod install;
mod need;
mod page_link;
mod provider;
mod server;
mod setting;
mod sign_in;
mod status;

pub use catalog::{
    CatalogCategory, CatalogEntry, CatalogEntryDetail, CatalogList, CatalogNeed, CatalogQuery, CatalogTool,
    SettingField, SettingKind, SignInNeed,
};
pub use catalog_source::{
    CatalogRefreshRequest, CatalogSource, CatalogSourceKind, CatalogSourceList, CatalogSourceRequest,
};
pub use client::{Client, ClientList, ClientPreview, ConnectReport, ConnectRequest, DisconnectReport};
pub use connection::{
    AuditReport, Connection, ConnectionChange, ConnectionEvent, ConnectionFailure, ConnectionHistory,
    ConnectionList, RevocationReport, RevocationResult,
};
pub use diagnostics::{ConnectionFacts, Diagnostics, EngineFacts, ServerFacts};
pub use event::{Event, EventKind};
pub use install::{
    AuthMethod, Install, InstallRequest, InstallState, InstallStep, ManifestChoice, Network, Runtime,
    StepName, StepState,
};
pub use keyferry_core::problem::Problem;
pub use need::{AccountNeed, AccountWay, CatalogNeeds, Here, HereWay, Runs, RunsWhere, SettingNeed};
pub use page_link::PageLink;
pub use provider::{
    Finding, FindingSeverity, Provider, ProviderCheck, ProviderCheckRequest, ProviderConfig, ProviderDetail,
    ProviderList,
};
pub use server::{
    Server, ServerConnection, ServerList, ServerLogs, ServerSettings, ServerSettingsChange, ServerState,
    Tool, ToolList, UninstallReport,
};
pub use setting::{ProxyTest, ProxyTestRequest, SettingChange, SettingList, SettingState};
pub use sign_in::{RefusedPlace, SignIn, SignInRequest, SignInState, SignInWindow, WindowChoice};
pub use status::Status;
