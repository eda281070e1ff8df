//! The signals that end a program, or make it read its settings anew.

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Ctrl-C and the request to terminate, heard from the moment this is made: before it, either ends the program on the spot.
pub(crate) struct Ending {
    #[cfg(unix)]
    terminate: Option<Signal>,
    #[cfg(unix)]
    interrupt: Option<Signal>,
}

impl Ending {
    /// Begins to listen.
    pub(crate) fn listen() -> Self {
        Self {
            #[cfg(unix)]
            terminate: signal(SignalKind::terminate()).ok(),
            #[cfg(unix)]
            interrupt: signal(SignalKind::interrupt()).ok(),
        }
    }

    /// Waits to be asked. What was asked since [`Ending::listen`] counts. A second time ends the program at once.
    pub(crate) async fn asked(mut self) {
        self.next().await;
        tokio::spawn(async move {
            self.next().await;
            std::process::exit(130);
        });
    }

    #[cfg(unix)]
    async fn next(&mut self) {
        tokio::select! {
            () = heard(self.terminate.as_mut()) => {}
            () = heard(self.interrupt.as_mut()) => {}
        }
    }

    #[cfg(not(unix))]
    async fn next(&mut self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}

/// A signal that the system lets nobody listen to keeps its own way to end the program.
#[cfg(unix)]
async fn heard(signal: Option<&mut Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}

/// The request to read settings anew (SIGHUP), where there is such a thing.
pub(crate) struct Reload {
    #[cfg(unix)]
    hangup: Option<Signal>,
}

impl Reload {
    /// Begins to listen.
    pub(crate) fn listen() -> Self {
        Self {
            #[cfg(unix)]
            hangup: signal(SignalKind::hangup()).ok(),
        }
    }

    /// Waits to be asked.
    pub(crate) async fn heard(&mut self) {
        #[cfg(unix)]
        heard(self.hangup.as_mut()).await;
        #[cfg(not(unix))]
        std::future::pending::<()>().await;
    }
}
