from moto.awslambda.urls import url_bases as url_bases
from moto.awslambda.urls import url_paths as moto_url_paths

from .responses import LambdaResponse

url_paths = dict.fromkeys(moto_url_paths, LambdaResponse.dispatch)
url_paths[r"{0}/(?P<api_version>[^/]+)/functions/(?P<function_name>[\w_:%-]+)/provisioned-concurrency/?$"] = (
    LambdaResponse.dispatch
)
url_paths[r"{0}/(?P<api_version>[^/]+)/account-settings/?$"] = LambdaResponse.dispatch
