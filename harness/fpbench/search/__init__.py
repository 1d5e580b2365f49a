"""Send blocks of distractors through an index, and keep the best candidates of each block."""
