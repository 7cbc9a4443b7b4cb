//! Reaching a server, the private local one too, and the rights that are needed there.

mod connecting;
mod local_cluster;
mod planted_links;
mod pooled;
mod rewritten;
mod rights;
mod search_path;
