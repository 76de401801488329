// At the place of the action in the job: start latwrap
'use strict';

require('./steps.cjs').start();
