from moto.applicationautoscaling.urls import url_bases as url_bases

from .responses import ApplicationAutoScalingResponse

url_paths = {"{0}/$": ApplicationAutoScalingResponse.dispatch}
