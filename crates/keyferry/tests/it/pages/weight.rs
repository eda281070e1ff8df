//! How heavy the catalog is with a thousand manifests.

use serde_json::json;

use super::Stage;

/// How often the page is opened for its first paint.
const ROUNDS: usize = 21;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_catalog_of_a_thousand_manifests_weighs_a_hundred_kilobytes_at_most() {
    let manifest = |number: usize| {
        json!({
            "name": format!("server-{number}"), "display_name": format!("Server {number}"),
            "category": format!("Category {}", number % 12), "keywords": ["one", "two"],
            "description": format!("The server of number {number}, which lists and writes things of one kind or another at a service."),
            "user_config": { "key": { "type": "string", "required": true } },
            "server": { "type": "local", "command": "npx", "args": ["-y", format!("server-{number}")], "env": {} },
        })
    };
    let manifests: Vec<_> = (0..1_000).map(manifest).collect();
    let Some(stage) = Stage::set_with_manifests(&manifests).await else { return };

    let tab = stage.tab().await;
    tab.go(&stage.at("/catalog")).await;
    tab.says("1002 servers").await;
    let weights = tab
        .value(
            "JSON.stringify(performance.getEntries().filter(one => ['navigation', 'resource'].includes(one.entryType)) \
             .filter(one => !one.name.includes('/events')).map(one => [new URL(one.name).pathname, one.decodedBodySize]))",
        )
        .await
        .unwrap();
    let weights: Vec<(String, u64)> = serde_json::from_str(weights.as_str().unwrap()).unwrap();
    let total: u64 = weights.iter().map(|(_, weight)| weight).sum();
    println!("weight: {total} bytes, {weights:?}");
    assert!(weights.len() >= 4 && total <= 100_000, "{total} bytes: {weights:?}");

    let mut paints = Vec::new();
    for _ in 0..ROUNDS {
        tab.go(&stage.at("/catalog")).await;
        let painted = "performance.getEntriesByName('first-contentful-paint')[0]";
        tab.until(painted).await;
        paints.push(tab.value(&format!("{painted}.startTime")).await.unwrap().as_f64().unwrap());
    }
    paints.sort_by(f64::total_cmp);
    println!(
        "first paint: median {:.0} ms, longest {:.0} ms of {ROUNDS}",
        paints[ROUNDS / 2],
        paints[ROUNDS - 1]
    );

    // As one scrolls, the next cards come.
    tab.value("scrollTo(0, document.body.scrollHeight)").await;
    tab.until("document.querySelectorAll('#cards article').length > 40").await;
    tab.fill("#q", "number 777,").await;
    tab.until("document.querySelectorAll('#cards article').length === 1").await;
    tab.says("Server 777").await;
    assert_eq!(tab.complaints(), Vec::<String>::new());
    stage.end().await;
}
