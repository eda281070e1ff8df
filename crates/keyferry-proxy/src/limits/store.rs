//! Limits that several proxies share, in a Redis or Valkey.
//!
//! One script counts and decides in one step, by the store's own clock. A store that is away stops nobody: each proxy then counts for
//! itself until it is back.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::future::BoxFuture;
use redis::{AsyncConnectionConfig, Client, Script, aio::MultiplexedConnection};

use crate::{config::Rate, metrics::Metrics};

/// Longest wait for the store. A request waits for it, so that it is short; the store is near.
const ANSWER: Duration = Duration::from_millis(250);
/// Longest wait for a connection to it.
const CONNECT: Duration = Duration::from_millis(500);
/// How long a store that failed is left in peace.
const PEACE: Duration = Duration::from_secs(1);

/// The generic cell rate algorithm: the time at which all that came is used up, which may lie a burst ahead. Answers 0, or how many
/// microseconds are to be waited. A time further ahead than a burst is of before the clock was set back, and forgotten: else nobody could
/// ask until the clock is where it was.
const TAKE: &str = "
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local pause, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local used_up = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
if used_up > now + pause * burst then used_up = now end
used_up = used_up + pause
local wait = used_up - now - pause * burst
if wait > 0 then return math.ceil(wait) end
redis.call('SET', KEYS[1], string.format('%.0f', used_up), 'PX', math.ceil((used_up - now) / 1000) + 1)
return 0
";

/// The store.
pub(crate) struct Store {
    client: Client,
    take: Script,
    link: Mutex<Link>,
    /// Whether it counted last time. One that takes connections and can't count is as good as away.
    counts: AtomicBool,
    /// Whether the log has it that the store is away.
    told: AtomicBool,
    metrics: Arc<Metrics>,
}

enum Link {
    Up(MultiplexedConnection),
    /// Nobody asks it until then, or until the one who asks it now has an answer.
    Away {
        until: Instant,
    },
}

// === impl Store ===

impl Store {
    /// A store by its URL: `redis://[user:password@]host[:port][/database]`. Connects at the first request.
    pub(crate) fn new(url: &str, metrics: Arc<Metrics>) -> Result<Self, redis::RedisError> {
        let (client, take) = (Client::open(url)?, Script::new(TAKE));
        let link = Mutex::new(Link::Away { until: Instant::now() });
        Ok(Self { client, take, link, counts: AtomicBool::default(), told: AtomicBool::default(), metrics })
    }

    /// Counts one of `name`; how long it has to wait if there were too many. None when the store is away.
    ///
    /// Boxed: it needs more room than all the rest of a request, which must not take it where there is no store.
    pub(crate) fn take(&self, name: String, rate: Rate) -> BoxFuture<'_, Option<Result<(), Duration>>> {
        Box::pin(self.count(name, rate))
    }

    async fn count(&self, name: String, rate: Rate) -> Option<Result<(), Duration>> {
        let mut connection = self.connection().await?;
        let pause = u64::try_from(rate.pause().as_micros()).unwrap_or(u64::MAX);
        let mut call = self.take.prepare_invoke();
        call.key(format!("keyferry:{name}")).arg(pause).arg(rate.burst().get());
        match call.invoke_async::<u64>(&mut connection).await {
            Ok(wait) => {
                self.counted();
                Some(if wait == 0 { Ok(()) } else { Err(Duration::from_micros(wait)) })
            }
            Err(error) => {
                self.failed(&error);
                None
            }
        }
    }

    async fn connection(&self) -> Option<MultiplexedConnection> {
        {
            let mut link = self.link();
            let now = Instant::now();
            match &*link {
                Link::Up(connection) => return Some(connection.clone()),
                Link::Away { until } if *until > now => return None,
                // One goes ahead, and the others count for themselves meanwhile.
                Link::Away { .. } => *link = Link::Away { until: now + CONNECT + PEACE },
            }
        }
        let limits = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT))
            .set_response_timeout(Some(ANSWER));
        match self.client.get_multiplexed_async_connection_with_config(&limits).await {
            Ok(connection) => {
                *self.link() = Link::Up(connection.clone());
                Some(connection)
            }
            Err(error) => {
                self.failed(&error);
                None
            }
        }
    }

    /// Notes that it counted.
    fn counted(&self) {
        if self.counts.load(Ordering::Relaxed) || self.counts.swap(true, Ordering::Relaxed) {
            return;
        }
        self.told.store(false, Ordering::Relaxed);
        self.metrics.store_up(true);
        tracing::info!("the store for limits is there: they count for all proxies together");
    }

    /// Notes a failure. Told once for each time that the store goes away.
    fn failed(&self, error: &redis::RedisError) {
        self.metrics.store_failed();
        self.metrics.store_up(false);
        self.counts.store(false, Ordering::Relaxed);
        *self.link() = Link::Away { until: Instant::now() + PEACE };
        if !self.told.swap(true, Ordering::Relaxed) {
            tracing::warn!(%error, "the store for limits is away: they count for this proxy alone until it is back");
        }
    }

    fn link(&self) -> MutexGuard<'_, Link> {
        self.link.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
