"""ingest.sources"""
