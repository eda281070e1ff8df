use crate::support::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_help_of_each_command_is_as_it_was_reviewed() {
    let world = World::new().await;
    let commands: &[&[&str]] = &[
        &[],
        &["demo"],
        &["proxy"],
        &["proxy", "keys"],
        &["proxy", "keys", "add"],
        &["proxy", "keys", "list"],
        &["proxy", "keys", "revoke"],
        &["app"],
        &["catalog"],
        &["catalog", "list"],
        &["catalog", "show"],
        &["catalog", "check"],
        &["catalog", "sources"],
        &["catalog", "sources", "list"],
        &["catalog", "sources", "add"],
        &["catalog", "sources", "remove"],
        &["catalog", "sources", "refresh"],
        &["diagnostics"],
        &["install"],
        &["list"],
        &["status"],
        &["start"],
        &["stop"],
        &["logs"],
        &["uninstall"],
        &["connections"],
        &["connections", "list"],
        &["connections", "show"],
        &["connections", "add"],
        &["connections", "sign-in"],
        &["connections", "relabel"],
        &["connections", "history"],
        &["connections", "refresh"],
        &["connections", "revoke"],
        &["connect"],
        &["audit"],
        &["audit", "verify"],
        &["provider"],
        &["provider", "list"],
        &["provider", "show"],
        &["provider", "check"],
        &["provider", "new"],
        &["vault"],
        &["vault", "status"],
        &["vault", "move"],
        &["vault", "rotate"],
        &["vault", "backup"],
        &["vault", "restore"],
        &["call"],
        &["bridge"],
        &["completions"],
        &["sandbox"],
        &["sandbox", "serve"],
        &["sandbox", "notes"],
    ];
    let mut all = String::new();
    for command in commands {
        let ran = world.run(&[command, &["--help"][..]].concat());
        assert_eq!(ran.code, 0, "{command:?}");
        assert!(ran.stdout.contains("\nExample"), "{command:?} shows no example");
        all.push_str(&format!(
            "$ keyferry {}\n{}\n",
            [command, &["--help"][..]].concat().join(" "),
            ran.stdout
        ));
    }
    insta::assert_snapshot!("help", all);
    world.end().await;
}
