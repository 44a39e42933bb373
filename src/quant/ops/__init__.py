"""Operating quant: is this installation sound?"""
