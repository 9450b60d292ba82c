"""The public site: static pages that need no network and no script, and the machine forms beside them."""
