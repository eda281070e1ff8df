use std::fs;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use crate::support::World;

/// A server that answers every request with the same bytes, in which `BASE` is its own address.
async fn answering(head: &'static str, body: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let answer = format!(
        "HTTP/1.1 {head}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        body.replace("BASE", &base).len()
    );
    let answer = answer.replace("BASE", &base) + &body.replace("BASE", &base);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(answer.as_bytes()).await;
            });
        }
    });
    base
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flags_make_a_commented_file_that_has_no_findings() {
    let world = World::new().await;
    let arguments = [
        "provider",
        "new",
        "acme-desk",
        "--authorization",
        "https://{config.site}.acme.example/authorize",
        "--token",
        "https://{config.site}.acme.example/token",
        "--revocation",
        "https://acme.example/revoke",
        "--scope",
        "notes:read",
        "--scope",
        "notes:write",
        "--client-auth",
        "client_secret_basic",
        "--pkce",
        "none",
        "--env",
        "ACME_TOKEN",
        "--env",
        "ACME_HEADER=Bearer {access_token}",
    ];
    let ran = world.run(&arguments);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "wrote providers/acme-desk.toml\n"), "{}", ran.stderr);
    let text = fs::read_to_string(world.path("providers/acme-desk.toml")).unwrap();
    let steps: String =
        ran.stderr.lines().filter(|line| !line.contains("DEBUG")).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!("provider_new", format!("{text}\n---\n{steps}\n"));
    let checked = world.run(&["provider", "check", "providers/acme-desk.toml"]);
    assert_eq!(checked.stdout, "1 file without findings\n");

    let again = world.run(&arguments);
    assert_eq!(again.code, 1);
    assert!(
        again.stderr.contains("is there already") && again.stderr.contains("--force"),
        "{}",
        again.stderr
    );
    fs::write(world.path("providers/acme-desk.toml"), "x".repeat(10_000)).unwrap();
    assert_eq!(world.run(&[&arguments[..], &["--force"]].concat()).code, 0);
    assert_eq!(fs::read_to_string(world.path("providers/acme-desk.toml")).unwrap(), text);

    let ran = world.run(&[&arguments[..], &["--output", "-"]].concat());
    assert_eq!((ran.code, ran.stdout.trim_end()), (0, text.trim_end()));
    let shown = world.json(&[&arguments[..], &["--output", "other/desk.toml"]].concat());
    assert_eq!(shown["variables"], serde_json::json!(["ACME_DESK_CLIENT_ID", "ACME_DESK_CLIENT_SECRET"]));
    assert_eq!(shown["callback"], "http://127.0.0.1:7667/oauth/callback/acme-desk");
    assert_eq!(fs::read_to_string(world.path("other/desk.toml")).unwrap(), text);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_only_warned_of_is_written_and_told() {
    let world = World::new().await;
    let (page, token) = ("https://{config.host}/a", "https://{config.host}/t");
    let ran =
        world.run(&["provider", "new", "kc", "--authorization", page, "--token", token, "--env", "KC_TOKEN"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "wrote providers/kc.toml\n"), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("providers/kc.toml:") && ran.stderr.contains("KC_ALLOWED_HOSTS"),
        "{}",
        ran.stderr
    );
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_missing_or_can_not_be_used_writes_nothing() {
    let world = World::new().await;
    let good = ["--authorization", "https://a.example/a", "--token", "https://a.example/t"];
    for (arguments, code, expected) in [
        (&[][..], 2, "--authorization is missing"),
        (&["--authorization", "https://a.example/a"], 2, "--token is missing"),
        (&["--authorization", "http://a.example/a", "--token", "https://a.example/t"], 2, "https://"),
        (&["--discover", "http://a.example"], 2, "https://"),
        (&["--scope", "a b"], 2, "scope"),
        (&["--env", "1A"], 2, "variable"),
        (&["--env", "A={acces_token}"], 2, "acces_token"),
        (&["--env", "A={metadata.x}"], 1, "nothing defines `{metadata.x}`"),
        (&["--env", "LD_PRELOAD"], 2, ""),
    ] {
        let ran = world
            .run(&[&["provider", "new", "acme"], &good[..if code == 1 { 4 } else { 0 }], arguments].concat());
        assert_eq!(ran.code, code, "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(expected), "{arguments:?}: {}", ran.stderr);
        assert!(!world.path("providers/acme.toml").exists());
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_discovery_document_fills_the_file_in() {
    let world = World::new().await;
    let base = world.sandbox.base_url().to_owned();
    let asked = [base.clone(), format!("{base}/.well-known/oauth-authorization-server")];
    for asked in asked {
        let ran = world.run(&["provider", "new", "found", "--discover", &asked, "--force"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let text = fs::read_to_string(world.path("providers/found.toml")).unwrap();
        for line in [
            format!("endpoint = \"{base}/authorize\""),
            format!("endpoint = \"{base}/token\""),
            format!("endpoint = \"{base}/revoke\""),
            format!("issuer = \"{base}\""),
            "scopes = [\"offline_access\"]".to_owned(),
            "# The service also offers: notes:read notes:write".to_owned(),
        ] {
            assert!(text.contains(&line), "{line}: {text}");
        }
        assert!(!text.contains("pkce") && !text.contains("client_auth"), "{text}");
        let checked = world.run(&["provider", "check", "providers/found.toml"]);
        assert_eq!(checked.stdout, "1 file without findings\n");
    }
    let document = r#"{"issuer":"BASE","authorization_endpoint":"BASE/a","token_endpoint":"BASE/t","revocation_endpoint":"BASE/r","revocation_endpoint_auth_methods_supported":["none"],"userinfo_endpoint":"BASE/u","code_challenge_methods_supported":["plain"]}"#;
    let base = answering("200 OK", document.to_owned()).await;
    let ran = world.run(&["provider", "new", "plain", "--discover", &base, "--output", "-"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    for line in [
        "client_auth = \"client_secret_basic\"",
        "client_auth = \"none\"",
        "# pkce = \"none\"",
        "# [account]",
    ] {
        assert!(ran.stdout.contains(line), "{line}: {}", ran.stdout);
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hostile_discovery_document_writes_nothing() {
    let world = World::new().await;
    let elsewhere = answering(
        "200 OK",
        r#"{"issuer":"BASE","authorization_endpoint":"BASE/a","token_endpoint":"BASE/t"}"#.to_owned(),
    )
    .await;
    let document = |issuer: &str, token: &str| {
        format!(r#"{{"issuer":"{issuer}","authorization_endpoint":"BASE/a","token_endpoint":"{token}"}}"#)
    };
    let redirect: &'static str = Box::leak(format!("302 Found\r\nLocation: {elsewhere}").into_boxed_str());
    for (head, body, expected) in [
        (
            "200 OK",
            document("https://honest.example", "BASE/t"),
            "of another issuer, \"https://honest.example\"",
        ),
        ("200 OK", document("BASE/", "BASE/t"), "of another issuer"),
        ("200 OK", document("BASE", "http://10.0.0.1/t"), "token_endpoint can't be used"),
        ("200 OK", document("BASE", "https://a.example/{config.x}#"), "token_endpoint can't be used"),
        ("200 OK", document("BASE", "BASE/{config.x}{access_token}"), "token_endpoint can't be used"),
        ("200 OK", " ".repeat(10 << 20) + &document("BASE", "BASE/t"), "longer than 256 KiB"),
        ("200 OK", "<html>welcome</html>".to_owned(), "not the JSON"),
        ("200 OK", "[".repeat(100_000), "not the JSON"),
        ("404 Not Found", String::new(), "HTTP 404"),
        (redirect, String::new(), "a redirect, which is not followed"),
    ] {
        let base = answering(head, body).await;
        let ran = world.run(&["provider", "new", "acme", "--discover", &base]);
        assert_eq!(ran.code, 1, "{expected}: {}{}", ran.stdout, ran.stderr);
        assert!(ran.stderr.contains(expected), "{expected}: {}", ran.stderr);
        assert!(!world.path("providers/acme.toml").exists(), "{expected}");
    }
    world.end().await;
}
