/** To be imported first: the compositor's children have this in their environment before Skia is loaded. */
process.env['DISABLE_SYSTEM_FONTS_LOAD'] = '1'
