"""The metadata database as it is read: every version of the downloader's, and our own."""
