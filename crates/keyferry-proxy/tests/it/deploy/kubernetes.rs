//! `deploy/kubernetes/`: valid by Kubernetes' own schemas, its parts fit each other, and a proxy starts with what they give it.

use std::{fs, time::Duration};

use keyferry_proxy::Limits;
use serde_json::{Map, Value};

use super::{
    root,
    started::Environment,
    yaml::{documents, program, run},
};
use crate::support::{http, send};

const FILES: [&str; 2] = ["deploy/kubernetes/proxy.yaml", "deploy/kubernetes/valkey.yaml"];
/// Applied by itself, once it is filled in.
const SECRET: &str = "deploy/kubernetes-secret.yaml";

/// All that is applied.
struct Applied(Vec<Value>);

// === impl Applied ===

impl Applied {
    fn read() -> Option<Self> {
        let all: Option<Vec<_>> = FILES.iter().map(|file| documents(file)).collect();
        Some(Self(all?.concat()))
    }

    fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        self.0.iter().filter(move |one| one["kind"] == kind)
    }

    fn one<'a>(&'a self, kind: &'a str, name: &str) -> &'a Value {
        self.of_kind(kind).find(|one| one["metadata"]["name"] == name).unwrap()
    }

    /// The pods that a selector of labels fits, by their deployment.
    fn selected(&self, labels: &Value) -> Vec<&str> {
        let wanted = labels.as_object().filter(|labels| !labels.is_empty()).unwrap();
        let fits = |pod: &Map<String, Value>| wanted.iter().all(|(name, value)| pod.get(name) == Some(value));
        self.of_kind("Deployment")
            .filter(|one| fits(one["spec"]["template"]["metadata"]["labels"].as_object().unwrap()))
            .map(|one| one["metadata"]["name"].as_str().unwrap())
            .collect()
    }

    fn container(&self, name: &str) -> &Value {
        &self.one("Deployment", name)["spec"]["template"]["spec"]["containers"][0]
    }

    fn ports(&self, name: &str) -> Vec<u64> {
        let ports = self.container(name)["ports"].as_array().unwrap().iter();
        ports.map(|port| port["containerPort"].as_u64().unwrap()).collect()
    }

    /// What the proxy's container finds in its environment, and in its folder of secrets.
    fn environment(&self) -> Environment {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let container = self.container("keyferry-proxy");
        let map = text(&container["envFrom"][0]["configMapRef"]["name"]);
        let data = self.one("ConfigMap", &map)["data"].as_object().unwrap();
        let own =
            container["env"].as_array().unwrap().iter().map(|one| (text(&one["name"]), text(&one["value"])));
        let variables = data.iter().map(|(name, value)| (name.clone(), text(value))).chain(own).collect();
        let (mount, volume) = (
            &container["volumeMounts"][0],
            &self.one("Deployment", "keyferry-proxy")["spec"]["template"]["spec"]["volumes"][0],
        );
        assert_eq!(mount["name"], volume["name"]);
        let names = secret(&text(&volume["secret"]["secretName"]));
        Environment { variables, mounted: (text(&mount["mountPath"]), names) }
    }
}

/// What the Secret holds: by its file, and by the command that makes it without one.
fn secret(name: &str) -> Vec<String> {
    let secret = documents(SECRET).unwrap().remove(0);
    assert_eq!(
        (&secret["metadata"]["name"], &secret["metadata"]["namespace"]),
        (&name.into(), &"keyferry".into())
    );
    let held: Vec<String> = secret["stringData"].as_object().unwrap().keys().cloned().collect();
    let command = format!("#   kubectl create secret generic {name} --namespace keyferry ");
    let manifest = fs::read_to_string(root().join(FILES[0])).unwrap();
    let line = manifest.lines().find_map(|line| line.strip_prefix(&command)).unwrap();
    let mut made: Vec<_> =
        line.split(' ').map(|part| part.strip_prefix("--from-file=").unwrap().to_owned()).collect();
    made.sort();
    assert_eq!(made, held);
    held
}

#[test]
fn the_manifests_are_what_kubernetes_takes() {
    let Some(validate) = program("kubernetes-validate") else { return };
    for file in FILES.into_iter().chain([SECRET]) {
        let told = run(&validate, &["--strict", file]);
        assert!(told.status.success(), "{file}: {}", String::from_utf8_lossy(&told.stderr));
    }
}

#[test]
fn what_selects_and_what_is_named_is_there() {
    let Some(applied) = Applied::read() else { return };
    assert_eq!(applied.of_kind("Secret").count(), 0, "it would take the place of the one in use");
    let namespace = &applied.of_kind("Namespace").next().unwrap()["metadata"]["name"];
    for one in applied.0.iter().filter(|one| one["kind"] != "Namespace") {
        assert_eq!(one["metadata"]["namespace"], *namespace, "{one}");
    }
    for one in applied.of_kind("Deployment") {
        let name = one["metadata"]["name"].as_str().unwrap();
        assert_eq!(applied.selected(&one["spec"]["selector"]["matchLabels"]), [name]);
        for spread in
            one["spec"]["template"]["spec"]["topologySpreadConstraints"].as_array().into_iter().flatten()
        {
            assert_eq!(applied.selected(&spread["labelSelector"]["matchLabels"]), [name]);
        }
    }
    for (kind, selector) in [
        ("Service", "/spec/selector"),
        ("NetworkPolicy", "/spec/podSelector/matchLabels"),
        ("PodDisruptionBudget", "/spec/selector/matchLabels"),
    ] {
        for one in applied.of_kind(kind) {
            let name = one["metadata"]["name"].as_str().unwrap();
            assert_eq!(applied.selected(one.pointer(selector).unwrap()), [name], "{kind}");
        }
    }
    let scaled = &applied.one("HorizontalPodAutoscaler", "keyferry-proxy")["spec"];
    assert_eq!(scaled["scaleTargetRef"]["kind"], "Deployment");
    applied.one("Deployment", scaled["scaleTargetRef"]["name"].as_str().unwrap());
    // A node can be emptied although the budget holds.
    let kept = applied.one("PodDisruptionBudget", "keyferry-proxy")["spec"]["minAvailable"].as_u64();
    assert!(kept < scaled["minReplicas"].as_u64());
}

#[test]
fn every_port_that_is_named_is_listened_on_and_let_through() {
    let Some(applied) = Applied::read() else { return };
    assert_eq!(applied.ports("keyferry-proxy"), [7666, 7667]);
    let template = &applied.one("Deployment", "keyferry-proxy")["spec"]["template"];
    assert_eq!(template["metadata"]["annotations"]["prometheus.io/port"], "7667");
    let named: Vec<_> = applied.container("keyferry-proxy")["ports"]
        .as_array()
        .unwrap()
        .iter()
        .map(|port| &port["name"])
        .collect();
    let service = &applied.one("Service", "keyferry-proxy")["spec"]["ports"];
    assert!(named.contains(&&service[0]["targetPort"]));
    let policy = &applied.one("NetworkPolicy", "keyferry-proxy")["spec"];
    let let_in: Vec<_> = policy["ingress"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| rule["ports"][0]["port"].as_u64().unwrap())
        .collect();
    assert_eq!(let_in, applied.ports("keyferry-proxy"));
    // The store: its address, the service of that name, and both policies.
    let store = applied.environment().variables.remove("KEYFERRY_PROXY_STORE_URL").unwrap();
    assert_eq!(store, "redis://valkey.keyferry.svc:6379");
    assert_eq!(applied.one("Service", "valkey")["spec"]["ports"][0]["port"], 6379);
    assert_eq!(applied.ports("valkey"), [6379]);
    let way =
        policy["egress"].as_array().unwrap().iter().find(|rule| rule["ports"][0]["port"] == 6379).unwrap();
    assert_eq!(applied.selected(&way["to"][0]["podSelector"]["matchLabels"]), ["valkey"]);
    let in_valkey = &applied.one("NetworkPolicy", "valkey")["spec"]["ingress"][0];
    assert_eq!(applied.selected(&in_valkey["from"][0]["podSelector"]["matchLabels"]), ["keyferry-proxy"]);
    assert_eq!(in_valkey["ports"][0]["port"], 6379);
}

#[test]
fn no_pod_may_do_what_the_restricted_standard_forbids() {
    let Some(applied) = Applied::read() else { return };
    for one in applied.of_kind("Deployment") {
        let pod = &one["spec"]["template"]["spec"];
        assert_eq!(pod["automountServiceAccountToken"], false, "{one}");
        assert_eq!(pod["securityContext"]["runAsNonRoot"], true, "{one}");
        assert!(pod["securityContext"]["runAsUser"].as_u64().is_some_and(|user| user > 0), "{one}");
        assert_eq!(pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault", "{one}");
        for container in pod["containers"].as_array().unwrap() {
            let may = &container["securityContext"];
            assert_eq!(may["allowPrivilegeEscalation"], false, "{one}");
            assert_eq!(may["readOnlyRootFilesystem"], true, "{one}");
            assert_eq!(may["capabilities"]["drop"][0], "ALL", "{one}");
            assert!(container["resources"]["limits"]["memory"].is_string(), "{one}");
        }
    }
}

#[tokio::test]
async fn a_proxy_starts_with_what_the_manifests_give_it_and_answers_its_probes() {
    let Some(applied) = Applied::read() else { return };
    let proxy = applied.environment().start().await;
    let container = applied.container("keyferry-proxy");
    for probe in ["startupProbe", "readinessProbe", "livenessProbe"] {
        let asked = &container[probe]["httpGet"];
        assert_eq!(asked["port"], "http");
        assert_eq!(proxy.get(asked["path"].as_str().unwrap()).await.status, 200, "{probe}");
    }
    let metrics = proxy.metrics_address.unwrap();
    assert_eq!(send(http().get(format!("http://{metrics}/metrics"))).await.status, 200);
}

#[test]
fn there_is_time_to_end() {
    let Some(applied) = Applied::read() else { return };
    let limits = Limits::default();
    let drain = applied.environment().variables.remove("KEYFERRY_PROXY_DRAIN").unwrap();
    let drain: u64 = drain.strip_suffix('s').unwrap().parse().unwrap();
    let pod = &applied.one("Deployment", "keyferry-proxy")["spec"]["template"]["spec"];
    let given = Duration::from_secs(pod["terminationGracePeriodSeconds"].as_u64().unwrap());
    assert!(given > Duration::from_secs(drain) + limits.shutdown * 2, "{given:?}");
    // Before it takes no more connections, everyone has seen that it is not ready.
    let probe = &applied.container("keyferry-proxy")["readinessProbe"];
    let seen = probe["periodSeconds"].as_u64().unwrap() * probe["failureThreshold"].as_u64().unwrap();
    assert!(drain >= seen * 2, "{drain} {seen}");
}
