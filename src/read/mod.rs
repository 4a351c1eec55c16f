//! Files and stdin → Inventory. The only module that opens files or sockets for reading.
