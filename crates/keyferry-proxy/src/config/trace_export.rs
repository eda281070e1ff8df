//! Where spans go: the standard variables of OpenTelemetry, as far as they make sense for a proxy.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Uri, header};
use percent_encoding::percent_decode_str;

use super::{ConfigError, source};

const DISABLED: &str = "OTEL_SDK_DISABLED";
const EXPORTER: &str = "OTEL_TRACES_EXPORTER";
const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const TRACES_ENDPOINT: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
const PROTOCOL: &str = "OTEL_EXPORTER_OTLP_PROTOCOL";
const TRACES_PROTOCOL: &str = "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL";
const HEADERS: &str = "OTEL_EXPORTER_OTLP_HEADERS";
const TRACES_HEADERS: &str = "OTEL_EXPORTER_OTLP_TRACES_HEADERS";
const TIMEOUT: &str = "OTEL_EXPORTER_OTLP_TIMEOUT";
const TRACES_TIMEOUT: &str = "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT";
const SERVICE: &str = "OTEL_SERVICE_NAME";
const RESOURCE: &str = "OTEL_RESOURCE_ATTRIBUTES";
const SAMPLER: &str = "OTEL_TRACES_SAMPLER";
const SAMPLER_ARG: &str = "OTEL_TRACES_SAMPLER_ARG";

/// The attribute that names a service.
const SERVICE_NAME: &str = "service.name";
/// Headers that the proxy's client writes itself.
const OWN_HEADERS: [HeaderName; 5] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::HOST,
    header::TRANSFER_ENCODING,
];
/// The longest wait for a collector.
const LONGEST_TIMEOUT: u64 = 60_000;

/// How spans are sampled and sent.
#[derive(Debug, Clone)]
pub struct TraceExport {
    /// Where they are posted, path included.
    pub endpoint: Uri,
    /// What is sent with them, such as the collector's own key.
    pub headers: HeaderMap,
    /// The longest wait for the collector's answer to a batch.
    pub timeout: Duration,
    /// What is said of this proxy: `service.name` at least.
    pub resource: Vec<(String, String)>,
    /// Which traces are recorded.
    pub sampling: Sampling,
    /// The most spans that wait for the collector. Any more are dropped.
    pub queue: usize,
    /// The most spans in a batch.
    pub batch: usize,
    /// The longest that a span waits for others to be sent with it.
    pub pause: Duration,
}

/// Which traces are recorded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampling {
    /// The share of traces that begin here, from 0 to 1.
    pub ratio: f64,
    /// Whether the decision of a caller whose trace goes on here comes first.
    pub parent_decides: bool,
}

// === impl TraceExport ===

impl TraceExport {
    /// Spans to this URL, under the defaults of OpenTelemetry.
    #[must_use]
    pub fn new(endpoint: Uri) -> Self {
        Self {
            endpoint,
            headers: HeaderMap::new(),
            timeout: Duration::from_secs(10),
            resource: vec![(SERVICE_NAME.to_owned(), "keyferry-proxy".to_owned())],
            sampling: Sampling { ratio: 1.0, parent_decides: true },
            queue: 2_048,
            batch: 512,
            pause: Duration::from_secs(5),
        }
    }

    /// None without an endpoint: then no other of the variables is read.
    pub(super) fn from_environment(
        lookup: &impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, ConfigError> {
        let found = |variable| found(lookup, variable);
        let Some(endpoint) = endpoint(&found)? else { return Ok(None) };
        match found(DISABLED).map(|text| text.to_ascii_lowercase()).as_deref() {
            None | Some("false") => {}
            Some("true") => return Ok(None),
            Some(_) => return Err(ConfigError::Switch { variable: DISABLED }),
        }
        match found(EXPORTER).as_deref() {
            None | Some("otlp") => {}
            Some("none") => return Ok(None),
            Some(_) => return Err(refused(EXPORTER, "otlp or none; other exporters are not built in")),
        }
        if let Some((variable, protocol)) = either(&found, TRACES_PROTOCOL, PROTOCOL)
            && protocol != "http/protobuf"
        {
            let rule = "http/protobuf, the one protocol spoken here, or not be set; a collector takes it at port 4318 as a rule, and gRPC, which is not spoken here, at 4317";
            return Err(refused(variable, rule));
        }
        let mut export = Self::new(endpoint);
        if let Some((variable, text)) = either(&found, TRACES_TIMEOUT, TIMEOUT) {
            let rule = "a number of milliseconds from 1 to 60000";
            let timeout = text.parse().ok().filter(|timeout| (1..=LONGEST_TIMEOUT).contains(timeout));
            export.timeout = Duration::from_millis(timeout.ok_or_else(|| refused(variable, rule))?);
        }
        export.headers = Self::headers_from_environment(lookup)?;
        export.resource = resource(&found)?;
        export.sampling = sampling(&found)?;
        Ok(Some(export))
    }

    /// The headers alone, which are a secret and may change while the proxy serves.
    pub(crate) fn headers_from_environment(
        lookup: &impl Fn(&str) -> Option<String>,
    ) -> Result<HeaderMap, ConfigError> {
        for variable in [TRACES_HEADERS, HEADERS] {
            if let Some(found) = source::secret(lookup, variable)? {
                let rule = "name=value, several with commas between them; a comma in a value is %2C, a per cent sign %25";
                return headers(found.told().expose_secret()).ok_or_else(|| refused(variable, rule));
            }
        }
        Ok(HeaderMap::new())
    }
}

fn found(lookup: &impl Fn(&str) -> Option<String>, variable: &str) -> Option<String> {
    lookup(variable).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// The variable for traces, or else the one for all signals.
fn either(
    found: &impl Fn(&'static str) -> Option<String>,
    traces: &'static str,
    all: &'static str,
) -> Option<(&'static str, String)> {
    [traces, all].into_iter().find_map(|variable| Some((variable, found(variable)?)))
}

const fn refused(variable: &'static str, rule: &'static str) -> ConfigError {
    ConfigError::Limit { variable, rule }
}

/// The URL for traces as it stands, or the one for all signals with the path of traces behind it.
fn endpoint(found: &impl Fn(&'static str) -> Option<String>) -> Result<Option<Uri>, ConfigError> {
    let Some((variable, text)) = either(found, TRACES_ENDPOINT, ENDPOINT) else { return Ok(None) };
    let text = if variable == ENDPOINT { format!("{}/v1/traces", text.trim_end_matches('/')) } else { text };
    let uri = text.parse::<Uri>().ok().filter(|uri| {
        let named = uri.authority().is_some_and(|authority| !authority.as_str().contains('@'));
        named && matches!(uri.scheme_str(), Some("http" | "https")) && uri.query().is_none()
    });
    let rule = "the URL of a collector that takes OTLP over HTTP, such as http://collector.example:4318, without a user or a query";
    uri.map(Some).ok_or_else(|| refused(variable, rule))
}

/// Pairs with commas between them, whose values are percent-encoded.
fn pairs(text: &str) -> Option<Vec<(String, String)>> {
    let pairs = text.split(',').filter(|pair| !pair.trim().is_empty());
    let read = pairs.map(|pair| {
        let (name, value) = pair.split_once('=')?;
        let value = percent_decode_str(value.trim()).decode_utf8().ok()?;
        Some((name.trim().to_owned(), value.into_owned())).filter(|(name, _)| !name.is_empty())
    });
    read.collect()
}

fn headers(text: &str) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs(text)? {
        let name = HeaderName::try_from(name).ok().filter(|name| !OWN_HEADERS.contains(name))?;
        let mut value = HeaderValue::try_from(value).ok()?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Some(headers)
}

fn resource(found: &impl Fn(&'static str) -> Option<String>) -> Result<Vec<(String, String)>, ConfigError> {
    let text = found(RESOURCE).unwrap_or_default();
    let rule = "name=value, several with commas between them, such as deployment.environment.name=production";
    let mut resource = pairs(&text).ok_or_else(|| refused(RESOURCE, rule))?;
    if let Some(service) = found(SERVICE) {
        resource.retain(|(name, _)| name != SERVICE_NAME);
        resource.push((SERVICE_NAME.to_owned(), service));
    } else if !resource.iter().any(|(name, _)| name == SERVICE_NAME) {
        resource.push((SERVICE_NAME.to_owned(), "keyferry-proxy".to_owned()));
    }
    Ok(resource)
}

fn sampling(found: &impl Fn(&'static str) -> Option<String>) -> Result<Sampling, ConfigError> {
    let name = found(SAMPLER);
    let name = name.as_deref().unwrap_or("parentbased_always_on");
    let (root, parent_decides) = match name.strip_prefix("parentbased_") {
        Some(root) => (root, true),
        None => (name, false),
    };
    let ratio = match root {
        "always_on" => 1.0,
        "always_off" => 0.0,
        "traceidratio" => {
            let text = found(SAMPLER_ARG).unwrap_or_else(|| "1".to_owned());
            let ratio = text.parse().ok().filter(|ratio| (0.0..=1.0).contains(ratio));
            ratio.ok_or_else(|| refused(SAMPLER_ARG, "a number from 0 to 1, such as 0.1"))?
        }
        _ => {
            let rule = "always_on, always_off or traceidratio, or one of them with parentbased_ before it";
            return Err(refused(SAMPLER, rule));
        }
    };
    Ok(Sampling { ratio, parent_decides })
}

#[cfg(test)]
mod tests;
