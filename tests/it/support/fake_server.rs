//! A server that answers every start of a connection with what a test wants to see handled, where a real one
//! would have to be brought into that state.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

/// Listens on a port of 127.0.0.1, without TLS.
#[derive(Debug)]
pub struct FakeServer {
    pub port: u16,
}

impl FakeServer {
    /// Refuses the connections with these SQLSTATEs in turn, and the last one for ever.
    pub fn refusing(states: &'static [&'static str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            let mut left = states.iter();
            let mut state = *left.next().unwrap();
            for stream in listener.incoming() {
                // What the client does not wait for may fail.
                if refuse(stream.unwrap(), state, "no").is_ok() {
                    state = left.next().unwrap_or(&state);
                }
            }
        });
        Self { port }
    }

    /// Refuses every connection with this text.
    pub fn saying(text: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let _ = refuse(stream.unwrap(), "28000", text);
            }
        });
        Self { port }
    }
}

impl FakeServer {
    /// Answers the question for TLS and the start of a session with these bytes, and then says nothing for ever.
    pub fn answering(tls: &'static [u8], start: &'static [u8]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                std::thread::spawn(move || {
                    while let Ok(body) = message(&mut stream) {
                        let asks_for_tls = body == 80_877_103_u32.to_be_bytes();
                        if stream.write_all(if asks_for_tls { tls } else { start }).is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Self { port }
    }
}

/// The first message of a connection, without its length.
fn message(stream: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let mut body = vec![0; (u32::from_be_bytes(length) as usize).saturating_sub(4)];
    stream.read_exact(&mut body)?;
    Ok(body)
}

fn refuse(mut stream: TcpStream, state: &str, text: &str) -> std::io::Result<()> {
    let body = message(&mut stream)?;
    // 80877103 asks for TLS.
    if body == 80_877_103_u32.to_be_bytes() {
        stream.write_all(b"N")?;
        return refuse(stream, state, text);
    }
    let mut fields = Vec::new();
    for (field, value) in [('S', "FATAL"), ('V', "FATAL"), ('C', state), ('M', text)] {
        fields.push(field as u8);
        fields.extend_from_slice(value.as_bytes());
        fields.push(0);
    }
    fields.push(0);
    stream.write_all(b"E")?;
    stream.write_all(&u32::try_from(fields.len() + 4).unwrap().to_be_bytes())?;
    stream.write_all(&fields)
}
