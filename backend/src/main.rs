//! The demo's backend: one binary, three services that call each other over HTTP (gateway, metadata service,
//! CDN node), and an OTLP receiver with a trace view. It is also the fixture of the end-to-end tests.
//!
//! `tonearm-backend [--port N] [--www DIR] [--tracks DIR]… [--mount NAME=DIR]…`. The gateway listens on the
//! port (8080), the metadata service and the CDN node on the two after it; port 0 takes three that are free.
//! The addresses are printed as one line of JSON.
//!
//! `tonearm-backend narrow ADDRESS BYTES_PER_SECOND` is a narrow link to that address, and nothing else.

mod catalogue;
mod cdn;
mod connections;
mod faults;
mod forward;
mod gateway;
mod metadata;
mod narrow;
mod paths;
mod receiver;
mod records;
mod service;
mod shaping;
mod statics;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::net::TcpListener;

/// Whatever went wrong at the start.
type Failure = Box<dyn std::error::Error + Send + Sync>;

struct Arguments {
    port: u16,
    www: PathBuf,
    /// Where media lies; the first folder has the catalogue.
    tracks: Vec<PathBuf>,
    /// Folders that are served beside the page, under their names: what tests and benchmarks bring.
    mounts: Vec<(String, PathBuf)>,
}

fn arguments() -> Result<Arguments, Failure> {
    let mut found = Arguments { port: 8080, www: "www/dist".into(), tracks: Vec::new(), mounts: Vec::new() };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let value = words.next().ok_or_else(|| format!("{word} wants a value"))?;
        match word.as_str() {
            "--port" => found.port = value.parse()?,
            "--www" => found.www = value.into(),
            "--tracks" => found.tracks.push(value.into()),
            "--mount" => {
                let (name, folder) = value.split_once('=').ok_or("--mount wants NAME=DIR")?;
                found.mounts.push((name.into(), folder.into()));
            }
            _ => return Err(format!("unknown argument {word}").into()),
        }
    }
    if found.tracks.is_empty() {
        found.tracks.push("www/tracks".into());
    }
    Ok(found)
}

async fn listen(port: u16) -> Result<(TcpListener, String), Failure> {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], port))).await?;
    let origin = format!("http://{}", listener.local_addr()?);
    Ok((listener, origin))
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [word, target, bytes_per_second] = words.as_slice()
        && word == "narrow"
    {
        return narrow::run(target.parse()?, bytes_per_second.parse()?).await;
    }
    let Arguments { port, www, tracks, mounts } = arguments()?;
    let after = |n: u16| if port == 0 { 0 } else { port + n };
    let (gateway, gateway_origin) = listen(port).await?;
    let (metadata, metadata_origin) = listen(after(1)).await?;
    let (cdn, cdn_origin) = listen(after(2)).await?;
    // Everything goes to the receiver on the gateway, and on from there to a Collector where one is named.
    let collector = forward::Collector::from_env(&gateway_origin);
    let endpoint = gateway_origin.clone();
    let catalogue = Arc::new(catalogue::read(&tracks[0], &cdn_origin)?);
    let faults = Arc::new(faults::Switches::default());

    let files = statics::router(&www, mounts);
    let gateway_service = service::start("gateway", &endpoint)?;
    let gateway_app =
        gateway::router(gateway_service, &metadata_origin, &cdn_origin, files, faults.clone(), collector);
    let metadata_app = metadata::router(service::start("metadata", &endpoint)?, catalogue, faults.clone());
    let cdn_app = cdn::router(service::start("cdn", &endpoint)?, tracks, faults);
    println!(
        "{}",
        serde_json::json!({ "gateway": gateway_origin, "metadata": metadata_origin, "cdn": cdn_origin })
    );
    tokio::select! {
        result = connections::serve(gateway, gateway_app) => result?,
        result = connections::serve(metadata, metadata_app) => result?,
        result = connections::serve(cdn, cdn_app) => result?,
        _ = tokio::signal::ctrl_c() => {}
    }
    Ok(())
}
