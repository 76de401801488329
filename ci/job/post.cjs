// After the last step of the job: stop latwrap, and show the report
'use strict';

require('./steps.cjs').stop();
