"""From a driver's file to the image as NT's loader would lay it into kernel memory."""
