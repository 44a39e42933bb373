"""An independent oracle for the fill and account rules: scenarios, and what each must give."""
