// Before the first step of the job: find, download or build latwrap
'use strict';

require('./steps.cjs').prepare();
