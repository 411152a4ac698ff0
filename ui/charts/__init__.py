"""Figures: data in, plotly figure out; no Streamlit."""
