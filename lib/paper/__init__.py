"""An A4 page to write on, in any script: what quotes and reports are drawn with."""
