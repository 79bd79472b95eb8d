//! The proxy, before a plain server that gives back what it gets.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use servers::{LONG, Proxy, Usable};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::{Trials, trials};

/// Longer than an answer takes that comes.
const A_WHILE: Duration = Duration::from_millis(300);

pub(crate) fn trials() -> Trials {
    trials!(
        Usable::Yes,
        "proxy",
        (),
        [
            it_passes_all_bytes_and_the_end,
            a_cut_ends_each_connection_and_no_new_one,
            a_black_hole_keeps_connections_open_and_silent,
            a_delay_holds_each_way,
            the_stranded_stay_silent_and_others_do_not,
            an_answer_is_lost_when_the_question_has_arrived,
            a_dropped_proxy_is_gone,
            nobody_behind_it_closes_the_connection,
        ]
    )
}

async fn it_passes_all_bytes_and_the_end() {
    let proxy = Proxy::to(echo().await).await;
    let mut client = connect(&proxy).await;
    let sent: Vec<u8> = (0..1_000_000_u32).flat_map(u32::to_le_bytes).collect();
    let (mut from, mut to) = client.split();
    let mut got = Vec::new();
    let (written, read) = tokio::join!(
        async {
            to.write_all(&sent).await?;
            to.shutdown().await
        },
        from.read_to_end(&mut got),
    );
    written.unwrap();
    assert_eq!(read.unwrap(), sent.len());
    assert!(got == sent);
}

async fn a_cut_ends_each_connection_and_no_new_one() {
    let proxy = Proxy::to(echo().await).await;
    let mut clients = [connect(&proxy).await, connect(&proxy).await];
    for client in &mut clients {
        assert!(answers(client).await);
    }
    proxy.cut();
    for client in &mut clients {
        ends(client).await;
    }
    assert!(answers(&mut connect(&proxy).await).await);
}

async fn a_black_hole_keeps_connections_open_and_silent() {
    let proxy = Proxy::to(echo().await).await;
    let mut old = connect(&proxy).await;
    assert!(answers(&mut old).await);
    proxy.black_hole();
    let mut new = connect(&proxy).await;
    for client in [&mut old, &mut new] {
        client.write_all(b"?").await.unwrap();
        let answer = tokio::time::timeout(A_WHILE, client.read_u8()).await;
        assert!(answer.is_err(), "{answer:?}");
    }
    proxy.pass();
    for client in [&mut old, &mut new] {
        let answer = tokio::time::timeout(LONG, client.read_u8()).await;
        assert_eq!(answer.unwrap().unwrap(), b'?');
    }
    // One that is in the hole can be cut too.
    proxy.black_hole();
    old.write_all(b"?").await.unwrap();
    proxy.cut();
    ends(&mut old).await;
    ends(&mut new).await;
}

async fn the_stranded_stay_silent_and_others_do_not() {
    let proxy = Proxy::to(echo().await).await;
    let mut stranded = connect(&proxy).await;
    assert!(answers(&mut stranded).await);
    proxy.strand();
    stranded.write_all(b"?").await.unwrap();
    assert!(answers(&mut connect(&proxy).await).await);
    silent(&mut stranded).await;
}

async fn an_answer_is_lost_when_the_question_has_arrived() {
    let proxy = Proxy::to(echo().await).await;
    let (mut first, mut second) = (connect(&proxy).await, connect(&proxy).await);
    proxy.lose_answer("lost", None);
    assert!(answers(&mut first).await);
    first.write_all(b"this is lost").await.unwrap();
    silent(&mut first).await;
    assert!(answers(&mut second).await);

    proxy.lose_answer("lost", Some(b"COMMIT"));
    second.write_all(b"lost").await.unwrap();
    let mut heard = [0; 4];
    second.read_exact(&mut heard).await.unwrap();
    assert!(answers(&mut second).await);
    second.write_all(b"COMMIT").await.unwrap();
    silent(&mut second).await;
    proxy.cut();
    ends(&mut second).await;
    assert!(answers(&mut connect(&proxy).await).await);
}

/// Nothing comes, and it stays open.
async fn silent(client: &mut TcpStream) {
    let answer = tokio::time::timeout(A_WHILE, client.read_u8()).await;
    assert!(answer.is_err(), "{answer:?}");
}

async fn a_delay_holds_each_way() {
    let proxy = Proxy::to(echo().await).await;
    let mut client = connect(&proxy).await;
    proxy.delay(A_WHILE);
    let begun = Instant::now();
    assert!(answers(&mut client).await);
    assert!(begun.elapsed() >= 2 * A_WHILE, "{:?}", begun.elapsed());
    proxy.pass();
    let begun = Instant::now();
    assert!(answers(&mut client).await);
    assert!(begun.elapsed() < A_WHILE, "{:?}", begun.elapsed());
}

async fn a_dropped_proxy_is_gone() {
    let proxy = Proxy::to(echo().await).await;
    let mut client = connect(&proxy).await;
    assert!(answers(&mut client).await);
    let port = proxy.port();
    drop(proxy);
    ends(&mut client).await;
    servers::until("nobody listens", async || {
        TcpStream::connect(("127.0.0.1", port)).await.is_err()
    })
    .await;
}

async fn nobody_behind_it_closes_the_connection() {
    // Bound, not listening, is enough to have the port to itself.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let proxy = Proxy::to(socket.local_addr().unwrap().port()).await;
    ends(&mut connect(&proxy).await).await;
}

/// A server; gives its port. It ends with the runtime.
async fn echo() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = client.split();
                // It ends with the client, in whatever way.
                let _ = tokio::io::copy(&mut from, &mut to).await;
            });
        }
    });
    port
}

async fn connect(proxy: &Proxy) -> TcpStream {
    let connected = TcpStream::connect(("127.0.0.1", proxy.port())).await;
    connected.unwrap()
}

async fn answers(client: &mut TcpStream) -> bool {
    client.write_all(b"!").await.unwrap();
    let answer = tokio::time::timeout(LONG, client.read_u8()).await;
    answer.unwrap().unwrap() == b'!'
}

/// Waits until the other side has closed or reset it.
async fn ends(client: &mut TcpStream) {
    let answer = tokio::time::timeout(LONG, client.read_u8()).await;
    let error = answer.expect("it stays open").unwrap_err().kind();
    let ended = [ErrorKind::UnexpectedEof, ErrorKind::ConnectionReset];
    assert!(ended.contains(&error), "{error}");
}
