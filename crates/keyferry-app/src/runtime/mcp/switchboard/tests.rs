use rmcp::model::{NumberOrString, ProgressNotification, ProgressNotificationParam, ProgressToken};

use super::*;

#[tokio::test]
async fn of_more_reports_than_can_wait_the_newest_come_in_order() {
    let (switchboard, server) = (Switchboard::default(), "alpha".parse::<ServerName>().unwrap());
    let token = ProgressToken(NumberOrString::Number(7));
    let mut ongoing = switchboard.begin(&server, 1, Asker::default());
    switchboard.tokened(&server, ongoing.tag, token.clone());
    for step in 0..1_000 {
        let report = ProgressNotificationParam::new(token.clone(), f64::from(step));
        switchboard.told(&server, 1, ProgressNotification::new(report).into());
    }
    let mut heard = vec![ongoing.reported().await.unwrap().progress];
    while heard.last() != Some(&999.0) {
        heard.push(ongoing.reported().await.unwrap().progress);
    }
    assert_eq!(heard, (1_000 - heard.len()..1_000).map(|step| step as f64).collect::<Vec<_>>());
    assert!(heard.len() > 10, "{heard:?}");
}
