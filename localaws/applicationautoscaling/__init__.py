"""Application Auto Scaling, with the tags of scalable targets, which moto lacks."""
