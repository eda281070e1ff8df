use super::*;

const HERE: (&str, &str) = (ENDPOINT, "http://127.0.0.1:4318");

fn read(variables: &[(&str, &str)]) -> Result<Option<TraceExport>, ConfigError> {
    TraceExport::from_environment(&|name: &str| {
        variables.iter().find(|(variable, _)| *variable == name).map(|(_, value)| (*value).to_owned())
    })
}

fn on(variables: &[(&str, &str)]) -> TraceExport {
    read(&[&[HERE], variables].concat()).unwrap().unwrap()
}

#[test]
fn without_an_endpoint_or_told_so_it_is_off() {
    let table: [&[(&str, &str)]; 6] = [
        &[],
        &[(ENDPOINT, " ")],
        &[(SERVICE, "x"), (SAMPLER, "nonsense"), (PROTOCOL, "grpc")],
        &[HERE, (DISABLED, "true")],
        &[HERE, (DISABLED, "TRUE"), (PROTOCOL, "grpc")],
        &[HERE, (EXPORTER, "none")],
    ];
    for variables in table {
        assert!(read(variables).unwrap().is_none(), "{variables:?}");
    }
    assert!(read(&[HERE, (DISABLED, "false"), (EXPORTER, "otlp")]).unwrap().is_some());
}

#[test]
fn the_endpoint_of_all_signals_gets_the_path_of_traces_and_that_of_traces_none() {
    let table = [
        (ENDPOINT, "http://c.example:4318", "http://c.example:4318/v1/traces"),
        (ENDPOINT, "https://c.example/otlp/", "https://c.example/otlp/v1/traces"),
        (TRACES_ENDPOINT, "http://c.example:4318", "http://c.example:4318/"),
        (TRACES_ENDPOINT, "https://c.example/mine", "https://c.example/mine"),
    ];
    for (variable, value, expected) in table {
        assert_eq!(read(&[(variable, value)]).unwrap().unwrap().endpoint.to_string(), expected);
    }
    let both = read(&[HERE, (TRACES_ENDPOINT, "http://t.example/t")]).unwrap().unwrap();
    assert_eq!(both.endpoint.to_string(), "http://t.example/t");
}

#[test]
fn what_is_not_said_is_the_default_of_opentelemetry() {
    let export = on(&[]);
    assert_eq!(export.timeout, Duration::from_secs(10));
    assert_eq!(export.sampling, Sampling { ratio: 1.0, parent_decides: true });
    assert_eq!(export.resource, [("service.name".to_owned(), "keyferry-proxy".to_owned())]);
    assert!(export.headers.is_empty());
    assert_eq!((export.queue, export.batch, export.pause), (2_048, 512, Duration::from_secs(5)));
}

#[test]
fn every_variable_is_read_and_that_of_traces_comes_first() {
    let export = on(&[
        (TIMEOUT, "2000"),
        (TRACES_TIMEOUT, "3000"),
        (PROTOCOL, "grpc"),
        (TRACES_PROTOCOL, "http/protobuf"),
        (HEADERS, "x-all=1"),
        (TRACES_HEADERS, "Authorization=Basic%20dTpw, x-team = a%2Cb,"),
        (SERVICE, "the proxy"),
        (RESOURCE, "service.name=other,deployment.environment.name=a%20b"),
        (SAMPLER, "traceidratio"),
        (SAMPLER_ARG, "0.25"),
    ]);
    assert_eq!(export.timeout, Duration::from_secs(3));
    assert_eq!(export.headers.len(), 2);
    assert_eq!(export.headers["authorization"], "Basic dTpw");
    assert_eq!(export.headers["x-team"], "a,b");
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(
        export.resource,
        [pair("deployment.environment.name", "a b"), pair("service.name", "the proxy")]
    );
    assert_eq!(export.sampling, Sampling { ratio: 0.25, parent_decides: false });
    assert_eq!(on(&[(RESOURCE, "service.name=mine")]).resource, [pair("service.name", "mine")]);
}

#[test]
fn samplers_have_their_standard_names() {
    let table = [
        ("always_on", 1.0, false),
        ("always_off", 0.0, false),
        ("traceidratio", 0.5, false),
        ("parentbased_always_on", 1.0, true),
        ("parentbased_always_off", 0.0, true),
        ("parentbased_traceidratio", 0.5, true),
    ];
    for (name, ratio, parent_decides) in table {
        let sampling = on(&[(SAMPLER, name), (SAMPLER_ARG, "0.5")]).sampling;
        assert_eq!(sampling, Sampling { ratio, parent_decides }, "{name}");
    }
    assert!((on(&[(SAMPLER, "traceidratio")]).sampling.ratio - 1.0).abs() < f64::EPSILON);
}

#[test]
fn a_value_that_makes_no_sense_names_its_variable_and_not_itself() {
    let table = [
        (ENDPOINT, "canary:4318"),
        (ENDPOINT, "grpc://canary:4317"),
        (ENDPOINT, "http://user:canary@c.example"),
        (TRACES_ENDPOINT, "https://c.example/v1/traces?key=canary"),
        (DISABLED, "canary"),
        (EXPORTER, "canary"),
        (PROTOCOL, "grpc"),
        (TRACES_PROTOCOL, "http/json"),
        (TIMEOUT, "0"),
        (TIMEOUT, "60001"),
        (TRACES_TIMEOUT, "10s"),
        (HEADERS, "canary"),
        (HEADERS, "a b=canary"),
        (HEADERS, "x=canary%0Acanary"),
        (TRACES_HEADERS, "content-length=4"),
        (RESOURCE, "canary"),
        (SAMPLER, "jaeger_remote"),
        (SAMPLER, "parentbased_canary"),
    ];
    for (variable, value) in table {
        let set: &[_] = if variable.ends_with("ENDPOINT") { &[] } else { &[HERE] };
        let error = read(&[set, &[(variable, value)]].concat()).unwrap_err().to_string();
        assert!(error.starts_with(variable) && !error.contains("canary"), "{value}: {error}");
    }
    for ratio in ["2", "-0.1", "NaN", "all"] {
        let error = read(&[HERE, (SAMPLER, "traceidratio"), (SAMPLER_ARG, ratio)]).unwrap_err().to_string();
        assert!(error.starts_with(SAMPLER_ARG), "{error}");
    }
    let error = read(&[HERE, (PROTOCOL, "grpc")]).unwrap_err().to_string();
    assert!(error.contains("http/protobuf") && error.contains("4318"), "{error}");
}

#[test]
fn headers_may_stand_in_a_file_and_are_never_printed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("headers");
    std::fs::write(&path, "authorization=Bearer canary\n").unwrap();
    for variable in [HEADERS, TRACES_HEADERS] {
        let file = format!("{variable}_FILE");
        let export = on(&[(&file, path.to_str().unwrap())]);
        assert_eq!(export.headers["authorization"], "Bearer canary");
        assert!(!format!("{export:?}").contains("canary"), "{export:?}");
        let both = read(&[HERE, (variable, "a=b"), (&file, "/x")]).unwrap_err().to_string();
        assert!(both.contains("both set"), "{both}");
    }
}
