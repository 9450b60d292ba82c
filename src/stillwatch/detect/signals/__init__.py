"""detect.signals"""
