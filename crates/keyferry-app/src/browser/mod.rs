//! Sign-in without OAuth: a window of the person's own browser, which may go to listed places only, and in which the token is read.
//!
//! - `session`: the seam. What a sign-in needs of a window, without a word of how a browser is driven
//! - `devtools`: its implementation for browsers of Chromium's family
//! - `find`: which browser that is
//! - `profile`: the folders that it works in, and their end
//! - `sign_in`: from the open window to a token set
//! - `told`: what the person is told before the window opens

mod devtools;
mod find;
mod profile;
mod session;
mod sign_in;
mod told;

pub use devtools::{Chromium, ChromiumConfig};
pub use profile::{Profile, Profiles};
pub use session::{
    BrowserError, BrowserSession, Browsers, End, News, Reading, Refused, RefusedPart, Window, Work,
};
pub use sign_in::{Attempt, Progress, attempt};
pub use told::told;
