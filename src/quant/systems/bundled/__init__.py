"""Systems that come with quant, so that lists, the menu and the smoke test work at once."""
