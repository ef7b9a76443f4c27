//! A narrow link: takes connections through socket buffers of 16 KiB at most, reads so many bytes a second of
//! each, and hands them on. What a browser has sent is what got through, not what the system took off its
//! hands.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpSocket, TcpStream};

use crate::Failure;

/// Bytes of a socket's buffer; Linux doubles what is asked for.
const BUFFER: u32 = 8 << 10;
/// Bytes that are read at once.
const PIECE: usize = 4 << 10;

/// Listens on a free port, which is printed, for connections to `target`; ends with the process.
pub(crate) async fn run(target: SocketAddr, bytes_per_second: u32) -> Result<(), Failure> {
    let socket = TcpSocket::new_v4()?;
    // Before it listens: connections inherit it, and the window that they announce.
    socket.set_recv_buffer_size(BUFFER)?;
    socket.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    let listener = socket.listen(64)?;
    println!("{}", serde_json::json!({ "url": format!("http://{}", listener.local_addr()?) }));
    loop {
        let (client, _) = listener.accept().await?;
        tokio::spawn(async move {
            // A page that is gone has no more to say.
            let _ = forward(client, target, bytes_per_second).await;
        });
    }
}

async fn forward(client: TcpStream, target: SocketAddr, bytes_per_second: u32) -> std::io::Result<()> {
    let server = TcpStream::connect(target).await?;
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    tokio::spawn(async move { copy(&mut from_server, &mut to_client).await });
    let mut piece = vec![0; PIECE];
    loop {
        let length = from_client.read(&mut piece).await?;
        if length == 0 {
            return to_server.shutdown().await;
        }
        to_server.write_all(&piece[..length]).await?;
        tokio::time::sleep(Duration::from_secs_f64(length as f64 / f64::from(bytes_per_second))).await;
    }
}
