"""What a person wrote loses its content, in the documents at once; and what of them the topics still hold is told."""
