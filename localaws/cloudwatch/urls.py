from moto.cloudwatch.urls import url_bases as url_bases
from moto.cloudwatch.urls import url_paths as url_paths
